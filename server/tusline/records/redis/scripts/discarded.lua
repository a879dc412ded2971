-- Note that the bytes of an upload that is over are gone. Of one that is not, because its end was
-- lost, nothing is noted: its journal is needed to find its bytes again.
if not load() and OVER[record.phase] then
  put('bytes', '0')
  redis.call('DEL', JOURNAL)
  save()
end
return {'ok'}
