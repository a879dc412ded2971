-- Keep a segment in its upload's tail, if its shard has room: 1, else 0.
-- KEYS: the tail, the bytes of all tails of the shard. ARGV: epoch, nonce, name, data, bytes that
-- a shard may have.
local tail, total = KEYS[1], KEYS[2]
local name, data, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
if redis.call('HEXISTS', tail, name) == 1 then
  return 1 -- sent again: names are never used twice
end
if (tonumber(redis.call('GET', total)) or 0) + #data > most then
  return 0
end
redis.call('HSET', tail, name, data)
redis.call('INCRBY', total, #data)
return 1
