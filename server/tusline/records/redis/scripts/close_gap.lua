-- Set the sentinel of a shard, if nothing got lost since its mark was given. KEYS: the sentinel. ARGV:
-- 3 the mark. Answers 1 when it stands.
local stands, open = redis.call('GET', KEYS[1]), 'open ' .. ARGV[1] .. ' '
if stands == ARGV[1] then return 1 end
if stands ~= ARGV[3] or stands:sub(1, #open) ~= open then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
