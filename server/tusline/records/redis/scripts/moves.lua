-- Put before the scripts that change an upload's phase.

-- To another phase; `reason` and `message` may be nil.
local function move(phase, detail, reason, message)
  if not MOVES[record.phase][phase] then
    error(record.phase .. ' cannot become ' .. phase)
  end
  put('phase', phase)
  put('reason', reason)
  put('message', message)
  put('expires', nil)
  touch()
  note(phase, detail or reason or '')
end
