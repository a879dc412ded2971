-- Forget the segments of a tail, but for those that are named.
-- KEYS: the tail, the bytes of all tails of the shard. ARGV: epoch, nonce, names to keep.
local tail, total = KEYS[1], KEYS[2]
local kept = {}
for n = 3, #ARGV do
  kept[ARGV[n]] = true
end
local freed = 0
for _, name in ipairs(redis.call('HKEYS', tail)) do
  if not kept[name] then
    freed = freed + redis.call('HSTRLEN', tail, name)
    redis.call('HDEL', tail, name)
  end
end
if freed > 0 then
  redis.call('DECRBY', total, freed)
end
return freed
