-- Note that bytes below an offset survive a power cut. ARGV: 6 the offset. It can only rise: to do it
-- again changes nothing.
if not load() then
  local synced = math.min(num('offset'), math.max(num('synced'), tonumber(ARGV[6])))
  put('synced', text(synced))
  save()
end
return {'ok'}
