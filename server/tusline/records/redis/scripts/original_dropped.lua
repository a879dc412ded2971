-- Note that the bytes of an original that was to go are gone.
if not load() and record.original == 'going' then
  put('original', 'gone')
  save()
end
return {'ok'}
