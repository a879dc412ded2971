-- → OPTIMIZING with a new job token. Answers 'none' when there is nothing to do.
local refusal = load()
if refusal then return refusal end
if repeated() then return answer() end
if suspect() then return suspicion() end
if record.phase ~= 'received' and record.phase ~= 'optimizing' then return {'none'} end
local attempts = text(num('attempts') + 1)
move('optimizing', 'attempt ' .. attempts)
put('job', text(next_token(num('job'))))
put('attempts', attempts)
sign()
save()
return answer()
