-- Add a record. ARGV: 6 whether with a lease, then fields and values. Answers the record, and the
-- token or ''; a record that is there already stays, and is answered.
local lease = ARGV[6] == '1'
local refusal = load()
if refusal and refusal[1] == 'newer' then return refusal end
if not refusal then
  if repeated() then return answer(lease and record.token or '') end
  if suspect() then return suspicion() end
  return answer('')
end

record, before = {}, {}
for i = 7, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end
put('epoch', EPOCH)
note('created', 'length ' .. (record.length or 'deferred'))
if partial() then note('concat', 'partial') end
if final() then
  local _, members = record.members:gsub('%S+', '')
  note('concat', 'final, of ' .. members)
end
if lease then hold() end
sign()
save()
return answer(lease and record.token or '')
