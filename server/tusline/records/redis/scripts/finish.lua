-- RECEIVING → RECEIVED, the outbox entry and the release. ARGV: 6 the token, 7 the content type or ''.
local refusal = load()
if not refusal and repeated() then return answer() end
refusal = hold_by(ARGV[6])
if refusal then return refusal end
-- No number proves here that every byte and every journal entry is there. The lease is lost by the
-- comparison with the store, and whoever settles the upload next finds it sealed.
if suspect() then return suspicion() end
move('received')
put('type', ARGV[7] ~= '' and ARGV[7] or nil)
redis.call('ZADD', OUTBOX, 0, ID)
release()
sign()
save()
return answer()
