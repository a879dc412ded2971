-- Take the lease. ARGV: 6 the offset expected or '', 7 whether to ask a holder to let go, 8 the
-- token to take over from or ''. Answers the record as it was before, and the token or ''.
local expect, want, overtake = ARGV[6], ARGV[7] == '1', ARGV[8]
local refusal = load()
if refusal then return refusal end
if repeated() then
  local token = record.token
  local was, ran = record.before:match('^(%S+) (%S+)$')
  put('token', was)
  put('until', ran)
  return answer(token)
end

local elsewhere = expect ~= '' and (final() or expect ~= record.offset)
local theirs = held() and overtake ~= record.token
-- No offset of a suspect record is told to a client; only a holder who may prove it is left alone.
if suspect() and (elsewhere or not theirs) then return suspicion() end
if record.phase ~= 'receiving' or elsewhere then return answer('') end
if theirs then
  if want then redis.call('HSET', UPLOAD, 'wanted', '1') end
  return answer('')
end

local as_it_was = answer()
if held() then note('overtaken', 'token ' .. record.token) end
put('before', record.token .. ' ' .. (record['until'] or '0'))  -- for this answer, if it gets lost
hold()
sign()
save()
as_it_was[6] = record.token
return as_it_was
