-- The job's end, and the outbox entry's. ARGV: 6 the job's token, 7 the phase, 8 the code and 9 the
-- message of a reason or '', then fields and values of the outcome.
local refusal = load()
if refusal then return refusal end
if repeated() then return answer() end
if suspect() then return suspicion() end
if record.phase ~= 'optimizing' or record.job ~= ARGV[6] then return {'stale'} end
local code = ARGV[8] ~= '' and ARGV[8] or nil
move(ARGV[7], nil, code, code and ARGV[9])
for i = 10, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end
redis.call('ZREM', OUTBOX, ID)
sign()
save()
return answer()
