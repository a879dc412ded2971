-- Put an upload in place as the store has recalled it, without a lease. ARGV: 6 the epoch that a
-- record must have to be replaced ('any': whichever is not the present one, '': none must be
-- there), 7 how many journal entries follow; then fields and values. Answers the record.
local seen, entries = ARGV[6], tonumber(ARGV[7])
local refusal = load()
if refusal and refusal[1] == 'newer' then return refusal end
local known = not refusal
local recalled = {}
for i = 8 + entries, #ARGV, 2 do recalled[ARGV[i]] = ARGV[i + 1] end

if known then
  if repeated() then return answer() end
  if not suspect() then
    -- Somebody else was faster, and the store has been told since that of older tokens than ours
    -- nothing counts but what it knew: who holds the lease goes, and the store is told again, by the
    -- next one who compares.
    if record.phase == 'receiving' and num('token') < tonumber(recalled.token or 0) then
      put('token', text(next_token(tonumber(recalled.token))))
      put('epoch', 'recalled twice')
      release()
      sign()
      save()
    end
    return answer()
  end
  if seen ~= 'any' and record.epoch ~= seen then return answer() end
end

-- The store proves the original whole. What the record says beyond that, of the job and its outcome,
-- the store cannot know better.
if known and STORED[record.phase] and STORED[recalled.phase] then
  put('epoch', EPOCH)
  sign()
  save()
  return answer()
end

if not known then record, before = {}, {} end
local token = math.max(num('token'), tonumber(recalled.token))
local version = math.max(num('version'), tonumber(recalled.version))
local job = math.max(num('job'), token)
for _, field in ipairs(OPTIONAL) do
  if record[field] then put(field, nil) end
end
for field, value in pairs(recalled) do put(field, value) end
put('epoch', EPOCH)
put('token', text(next_token(token)))
put('job', text(job))
put('commits', '0')
put('version', text(version))
release()
touch()

redis.call('DEL', JOURNAL)
for i = 8, 7 + entries do redis.call('RPUSH', JOURNAL, ARGV[i]) end
if record.phase == 'optimizing' then put('phase', 'received') end
if record.phase == 'received' then redis.call('ZADD', OUTBOX, 0, ID)
else redis.call('ZREM', OUTBOX, ID) end
if record.phase == 'receiving' then live_on() end
note('restored', 'at ' .. record.offset)
sign()
save()
return answer()
