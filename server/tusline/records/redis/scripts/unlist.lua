-- Take final uploads that wait no more from this member. ARGV: 6 … the final ones.
local refusal = load()
if not refusal then watch() end
redis.call('SREM', FINALS, unpack(ARGV, 6))
if not refusal then save() end
return {'ok'}
