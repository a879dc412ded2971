-- The last commit and the release. ARGV: see lease.lua.
local refusal = load()
if not refusal and repeated() then return answer() end
refusal = hold_by(ARGV[6])
if refusal then return refusal end
if suspect() then
  -- The answer tells the offset: it must not be that of a record that lags.
  if not proven() then return suspicion() end
  put('epoch', EPOCH)
end
if not grow() then return out_of_order() end
release()
if ARGV[7] ~= '' then note('appended', 'to ' .. record.offset .. ': ' .. ARGV[7]) end
sign()
save()
return answer()
