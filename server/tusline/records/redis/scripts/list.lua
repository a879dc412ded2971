-- Put a pending final upload down at this member, which lives on by that. ARGV: 6 the final one. Also
-- where there is no such member: after a loss it may be restored later than the final one.
local refusal = load()
if not refusal then watch() end
redis.call('SADD', FINALS, ARGV[6])
if not refusal then
  if record.phase == 'receiving' then live_on() end
  save()
end
return {'ok'}
