-- What of one shard is due. KEYS: one index of each place. ARGV: 3 the time in µs or '', 4 how many
-- of each, then for each place how long (µs) after its time an upload is due, or '' for never.
-- Answers the time, and ids with their times for each place.
local now = tonumber(ARGV[3])
if not now then
  local own = redis.call('TIME')
  now = tonumber(own[1]) * 1000000 + tonumber(own[2])
end
local found = {string.format('%.0f', now)}
for i, key in ipairs(KEYS) do
  local after = ARGV[4 + i]
  if after == '' then
    found[i + 1] = {}
  else
    local latest = string.format('%.0f', now - tonumber(after))
    found[i + 1] = redis.call(
      'ZRANGEBYSCORE', key, '-inf', latest, 'WITHSCORES', 'LIMIT', 0, ARGV[4])
  end
end
return found
