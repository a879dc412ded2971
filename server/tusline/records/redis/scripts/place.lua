-- Take a place in a batch. KEYS: its places. ARGV: 3 the time in µs or '', 4 the upload, 5 how many
-- places there are, 6 seconds the batch is kept. Answers 1; when all are taken 0, the time, and who
-- has them since when. Who has a place keeps it: to ask again changes nothing.
local now = ARGV[3]
if now == '' then
  local own = redis.call('TIME')
  now = string.format('%.0f', tonumber(own[1]) * 1000000 + tonumber(own[2]))
end
if not redis.call('ZSCORE', KEYS[1], ARGV[4]) then
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then
    return {0, now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')}
  end
  redis.call('ZADD', KEYS[1], now, ARGV[4])
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
return {1}
