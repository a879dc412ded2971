-- Forget segments of a tail: the bytes that they had.
-- KEYS: the tail, the bytes of all tails of the shard. ARGV: epoch, nonce, their names.
local tail, total = KEYS[1], KEYS[2]
local freed = 0
for n = 3, #ARGV do
  freed = freed + redis.call('HSTRLEN', tail, ARGV[n])
  redis.call('HDEL', tail, ARGV[n])
end
if freed > 0 then
  redis.call('DECRBY', total, freed)
end
return freed
