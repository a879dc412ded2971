-- Put a pending final upload down at this member, which lives on by that. ARGV: 6 the final one.
local refusal = load()
if refusal then return {'ok'} end  -- a member that is gone: the join will find out
watch()
redis.call('SADD', FINALS, ARGV[6])
if record.phase == 'receiving' then live_on() end
save()
return {'ok'}
