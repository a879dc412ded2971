-- Put before every script on one upload. A script sees one upload and its shard, and is atomic.
--
-- ARGV: 1 the epoch of the server, 2 the nonce of the call, 3 the time in µs ('': the server's own),
-- 4 how long a lease runs and 5 how long an upload lives, in µs (0: for ever); a script's own follow.
--
-- A record is a hash of text. Numbers are decimal text of integers below 2^53, which a Lua number
-- holds exactly, and times are µs since 1970. Absent fields stand for nothing, and fields that this
-- version does not know are left alone.

local EPOCH, NONCE = ARGV[1], ARGV[2]
local LEASE, LIFE = tonumber(ARGV[4]), tonumber(ARGV[5])
local UPLOAD, JOURNAL, TIMELINE, FINALS, SENTINEL, OUTBOX = unpack(KEYS, 1, 6)
local ID = UPLOAD:match('[^:]+$')

local function time()
  if ARGV[3] ~= '' then return tonumber(ARGV[3]) end
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000000 + tonumber(now[2])
end

local NOW = time()

local record   -- field → text, as it stands after this script's changes
local flat     -- the same as Redis gave it, until something is changed
local before   -- the record's places in the indexes before that
local changed = {}

-- '%.0f': a Lua number would be written as 1.8e+15 by `..`.
local function text(number) return string.format('%.0f', number) end

local function num(field) return tonumber(record[field] or 0) end

local function final() return record.members ~= nil end

local function partial() return record.concat ~= nil and not final() end

local function complete() return record.offset == record.length end

local function held() return num('until') > NOW end

-- Where the sweeper has to find the record, and from when on: `keys.PLACES` says what for.
local function places()
  local phase, now = record.phase, {}
  if phase == 'receiving' then
    local free = math.max(num('changed'), num('until'))
    if record.expires and (partial() or not complete()) then
      local kept = complete() and redis.call('SCARD', FINALS) > 0
      now[kept and 'awaited' or 'expiring'] = math.max(num('expires'), num('until'))
    end
    if complete() and not partial() then now.unsettled = free end
    if final() and not complete() then now.joining = free end
    if num('synced') < num('offset') then now.unsynced = free end
  elseif OVER[phase] then
    now[record.bytes == '0' and 'over' or 'leftover'] = num('changed')
  elseif phase == 'ready' or phase == 'failed' then
    if record.original == 'going' then now.going = num('changed')
    elseif record.original ~= 'gone' then now.kept = num('changed') end
  end
  return now
end

-- Before anything is changed that the record's places come from.
local function watch() before = before or places() end

local function put(field, value)
  watch()
  flat = nil
  record[field] = value
  changed[field] = true
end

-- The one place that writes the indexes: only what has moved, so that a place that the sweeper has
-- put off meanwhile stays put off.
local function index(now)
  for position, name in ipairs(PLACES) do
    if before[name] ~= now[name] then
      if now[name] then redis.call('ZADD', KEYS[6 + position], text(now[name]), ID)
      else redis.call('ZREM', KEYS[6 + position], ID) end
    end
  end
end

-- Read the record. Returns a refusal where there is none, or one that this version cannot read.
-- 'missing': records of this shard may have been lost; 'unknown': there is no such upload.
local function load()
  local found = redis.call('HGETALL', UPLOAD)
  if #found == 0 then
    return {redis.call('GET', SENTINEL) == EPOCH and 'unknown' or 'missing'}
  end
  record, flat = {}, found
  for i = 1, #found, 2 do record[found[i]] = found[i + 1] end
  if num('schema') > SCHEMA then return {'newer'} end
end

-- Written before this server began this life: what was written after that may be lost. Of an upload
-- that is over nothing can be lost that matters.
local function suspect() return record.epoch ~= EPOCH and not OVER[record.phase] end

-- This very call has changed the record before, and its answer got lost. Nobody has changed it since
-- by a call that is counted by its nonce.
local function repeated() return record.nonce == NONCE end

-- For changes that must not be made twice. Those that can be leave the nonce of others alone: a
-- lease that was just granted, and whose answer is lost, must be found again.
local function sign() put('nonce', NONCE) end

local function save()
  local set, gone = {}, {}
  for field in pairs(changed) do
    local value = record[field]
    if value == nil then
      gone[#gone + 1] = field
    else
      set[#set + 1] = field
      set[#set + 1] = value
    end
  end
  if #set > 0 then redis.call('HSET', UPLOAD, unpack(set)) end
  if #gone > 0 then redis.call('HDEL', UPLOAD, unpack(gone)) end
  changed = {}
  if before then index(places()) end
end

local function reply(status, ...)
  if not flat then
    local n = 0
    flat = {}
    for field, value in pairs(record) do
      flat[n + 1], flat[n + 2] = field, value
      n = n + 2
    end
  end
  local finals = partial() and redis.call('SMEMBERS', FINALS) or {}
  return {status, text(NOW), flat, redis.call('LRANGE', JOURNAL, 0, -1), finals, ...}
end

local function answer(...) return reply('ok', ...) end

-- Nothing has been done: the record is to be compared with the store first.
local function suspicion() return reply('suspect') end

local function note(name, detail)
  redis.call('RPUSH', TIMELINE, text(NOW) .. ' ' .. name .. ' ' .. detail)
  redis.call('LTRIM', TIMELINE, -TIMELINE_KEPT, -1)
end

local function touch()
  put('changed', text(NOW))
  put('version', text(num('version') + 1))
end

-- A token never repeats, not even after all records were lost: it is the clock's µs.
local function next_token(last) return math.max(last + 1, NOW) end

local function hold()
  put('token', text(next_token(num('token'))))
  put('until', text(NOW + LEASE))
  put('wanted', '0')
  put('commits', '0')
end

local function release()
  put('until', '0')
  put('wanted', '0')
end

-- A whole life from now on. A final upload lives as long as its members do.
local function live_on()
  local life = LIFE
  if partial() and complete() then life = math.max(LIFE, PARTIAL_KEPT) end
  put('expires', LIFE > 0 and not final() and text(NOW + life) or nil)
end
