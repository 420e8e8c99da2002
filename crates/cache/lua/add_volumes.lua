-- add_volumes: adds what one block counted, once.
-- KEYS: the counts of its writer, the set of writers.
-- ARGV: writer, first index, next index; then field and count in turn.
-- What somebody put in their place is no counts, and goes.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
if redis.call('TYPE', KEYS[2]).ok ~= 'set' then redis.call('UNLINK', KEYS[2]) end
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return 'gap' end
local at = tonumber(redis.call('HGET', KEYS[1], 'next'))
if not at then return 'gap' end
if at >= tonumber(ARGV[3]) then return 'repeated' end
if at ~= tonumber(ARGV[2]) then return 'gap' end
for i = 4, #ARGV, 2 do
    redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'next', ARGV[3])
return 'counted'
