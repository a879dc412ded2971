-- Read a record. ARGV: 6 '1': as it stands, whether it is suspect or not.
local refusal = load()
if refusal then return refusal end
-- Who holds the lease will prove the record, or fail; to compare it now would fence them.
if ARGV[6] ~= '1' and suspect() and not held() then return suspicion() end
return answer()
