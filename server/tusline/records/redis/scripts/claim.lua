-- Let an idempotency key stand for an upload, unless it stands for another. KEYS: the key. ARGV: 3
-- what it is to stand for, 4 what it may stand for so far ('': nothing), 5 seconds it is kept.
-- Answers what it stands for then. To claim again what one has got changes nothing.
local stands = redis.call('GET', KEYS[1])
if not stands or stands == ARGV[4] then
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[5])
  return ARGV[3]
end
return stands
