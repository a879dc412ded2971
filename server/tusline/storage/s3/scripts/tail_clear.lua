-- Forget a tail: the bytes that it had.
-- KEYS: the tail, the bytes of all tails of the shard.
local tail, total = KEYS[1], KEYS[2]
local freed = 0
for _, name in ipairs(redis.call('HKEYS', tail)) do
  freed = freed + redis.call('HSTRLEN', tail, name)
end
redis.call('DEL', tail)
if freed > 0 then
  redis.call('DECRBY', total, freed)
end
return freed
