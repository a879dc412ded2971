-- Put before the scripts of who holds a lease. ARGV: 6 its token; for those that commit, 7 a note,
-- and the delta: 8 whether there is anything in it, 9 its number, 10 bytes added, 11 first bytes of
-- the upload, 12 the length declared, 13 whether all is synced, 14 how many journal entries follow,
-- and after them the entries that are dropped.

-- Load the record, and return a refusal unless the token is the newest one and its lease runs.
local function hold_by(token)
  local refusal = load()
  if refusal then
    return refusal[1] == 'newer' and refusal or {'lost', 'there is no such upload'}
  end
  -- A holder with a newer token than a record that lags: the grant is lost. Who holds the lease by
  -- this record is overtaken, and will not prove it.
  if suspect() and tonumber(token) > num('token') then return suspicion() end
  if record.phase ~= 'receiving' or record.token ~= token or not held() then
    return {'lost', 'token ' .. token .. ' is fenced'}
  end
end

-- Whether the holder's own number proves that nothing of this record was lost, though it was written
-- in an earlier life of the server. What survives of the writes to a shard is always all up to some
-- moment. That the token is there says that the grant of the lease survived. From then on nobody
-- but the holder has changed offset and journal; it numbers what it commits, and one number stands
-- for one delta: so the number that follows the record's, or is the record's, says that every
-- commit which was answered is there. (A retirement can be lost beside it: it took the bytes, so
-- that the writer, or the seal, will not find them. An empty delta without a number proves nothing.)
local function proven()
  local number, commits = tonumber(ARGV[9]), num('commits')
  return number > 0 and (number == commits or (ARGV[8] == '1' and number == commits + 1))
end

local function write_journal()
  local last = 14 + tonumber(ARGV[14])
  for i = last + 1, #ARGV do
    redis.call('LREM', JOURNAL, -1, ARGV[i])  -- from the end, where it is; none is there twice
  end
  for i = 15, last do redis.call('RPUSH', JOURNAL, ARGV[i]) end
end

-- Make the delta part of the upload, and renew the lease; false for a number out of order. The last
-- delta again changes nothing: its answer got lost.
local function grow()
  local number, commits = tonumber(ARGV[9]), num('commits')
  put('until', text(NOW + LEASE))
  if ARGV[8] ~= '1' or number == commits then return true end
  if number ~= commits + 1 then return false end
  local offset = text(num('offset') + tonumber(ARGV[10]))
  put('offset', offset)
  put('commits', ARGV[9])
  if ARGV[11] ~= '' then put('head', (record.head or '') .. ARGV[11]) end
  if ARGV[12] ~= '' and not record.length then put('length', ARGV[12]) end
  if ARGV[13] == '1' then put('synced', offset) end
  write_journal()
  touch()
  live_on()
  return true
end

local function out_of_order()
  return {'lost', 'delta ' .. ARGV[9] .. ' does not follow ' .. text(num('commits'))}
end
