-- Let go of an idempotency key that still stands for an upload. KEYS: the key. ARGV: 3 the upload.
local stands = redis.call('GET', KEYS[1])
if stands and stands:match('^%S+') == ARGV[3] then redis.call('DEL', KEYS[1]) end
return 'ok'
