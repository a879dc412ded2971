-- Make a delta part of the upload, and renew the lease. ARGV: see lease.lua. Answers the offset, and
-- whether somebody wants the lease. It needs no nonce: deltas are numbered.
local refusal = hold_by(ARGV[6])
if refusal then return refusal end
-- Without a proof it can be an empty delta (the lease is renewed, the record stays suspect) or one
-- out of order.
if suspect() and proven() then put('epoch', EPOCH) end
if not grow() then
  -- The holder knows of more than a record that lags: nobody will prove this one, nor tell its end.
  return suspect() and suspicion() or out_of_order()
end
save()
return {'ok', record.offset, record.wanted or '0'}
