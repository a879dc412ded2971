-- Note that the original of a READY or FAILED upload is to go. Once noted, to do it again changes
-- nothing.
local detail = 'the original was kept long enough'
local refusal = load()
if refusal then return refusal end
if suspect() then return suspicion() end
if (record.phase ~= 'ready' and record.phase ~= 'failed') or record.original then
  return answer()
end
if record.variants then
  put('original', 'going')
  touch()
  note('dropped', detail)
else
  move('expired', detail)
end
sign()
save()
return answer()
