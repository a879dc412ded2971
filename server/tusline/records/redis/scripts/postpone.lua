-- → RECEIVED, and the attempt given back. ARGV: 6 the job's token.
local refusal = load()
if refusal then return refusal end
if repeated() then return {'ok'} end
if suspect() then return suspicion() end
if record.phase ~= 'optimizing' or record.job ~= ARGV[6] then return {'stale'} end
move('received', 'postponed')
put('attempts', text(num('attempts') - 1))
sign()
save()
return {'ok'}
