-- put_volumes: puts counts that were written beside in the place of a writer's, unless those are
-- as new.
-- KEYS: the counts of the writer, those written beside, the set of writers.
-- ARGV: writer, next index of those written beside, how many fields they have.
-- What somebody put in the places of the others is no counts, and goes.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
if redis.call('TYPE', KEYS[3]).ok ~= 'set' then redis.call('UNLINK', KEYS[3]) end
local at = tonumber(redis.call('HGET', KEYS[1], 'next'))
if at and at >= tonumber(ARGV[2]) then
    redis.call('UNLINK', KEYS[2])
    redis.call('SADD', KEYS[3], ARGV[1])
    return 'newer'
end
-- Emptied in the middle: a part is missing.
if redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[3]) then
    redis.call('UNLINK', KEYS[2])
    return 'gap'
end
redis.call('UNLINK', KEYS[1])
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('PERSIST', KEYS[1])
redis.call('SADD', KEYS[3], ARGV[1])
return 'counted'
