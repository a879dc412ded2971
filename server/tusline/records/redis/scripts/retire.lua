-- To REJECTED, EXPIRED or TERMINATED. ARGV: 6 the phase, 7 the code and 8 the message of a reason or
-- '', 9 a token that has to be the newest or '', 10 '' or the epoch of a record whose end the store
-- knows of and the records have lost.
local phase, code, message, token, lost = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local refusal = load()
if refusal then return refusal end
if repeated() then return answer() end
if lost ~= '' then
  if record.epoch ~= lost then return answer() end  -- somebody else has compared it meanwhile
elseif suspect() then
  return suspicion()
end
if token ~= '' and token ~= record.token and not OVER[record.phase] then
  return {'lost', 'token ' .. token .. ' is fenced'}
end
if (STORED[record.phase] and phase == 'expired') or not MOVES[record.phase][phase] then
  return answer()
end
move(phase, lost ~= '' and 'the end was lost' or nil, code ~= '' and code or nil,
  code ~= '' and message or nil)
release()
redis.call('ZREM', OUTBOX, ID)
put('token', text(next_token(num('token'))))
put('job', text(next_token(num('job'))))
sign()
save()
return answer()
