-- Delete the record of an upload that is over and holds no bytes any more.
if not load() and OVER[record.phase] and record.bytes == '0' then
  watch()
  redis.call('DEL', UPLOAD, JOURNAL, TIMELINE, FINALS)
  index({})
end
return {'ok'}
