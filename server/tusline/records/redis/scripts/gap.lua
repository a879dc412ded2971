-- What the sentinel of a shard says. KEYS: the sentinel. Answers '' when nothing is missing here, else
-- a mark that stands as long as nothing more gets lost: another life of the server has another
-- epoch, and what deletes all keys deletes the mark.
local stands = redis.call('GET', KEYS[1])
if stands == ARGV[1] then return '' end
local open = 'open ' .. ARGV[1] .. ' '
if not stands or stands:sub(1, #open) ~= open then
  stands = open .. ARGV[2]
  redis.call('SET', KEYS[1], stands)
end
return stands
