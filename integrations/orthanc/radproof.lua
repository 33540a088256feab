-- Sends each structured report and encapsulated document that Orthanc stores to RadProof.
--
-- Orthanc's configuration:
--   "LuaScripts": ["/etc/orthanc/radproof.lua"],
--   "LuaHeartBeatPeriod": 5,                               -- seconds between retries
--   "RadProof": {"Url": "https://radproof.example", "Source": "orthanc", "Authorization": "${RADPROOF_TOKEN}"}
-- Orthanc stores what comes in before this runs, and does not wait for it. Images are never sent. What is not taken
-- is tried again for a day; what was not sent when Orthanc ended, "radproof orthanc" finds.

local classes = {
  ['1.2.840.10008.5.1.4.1.1.88.11'] = true,   -- Basic Text SR
  ['1.2.840.10008.5.1.4.1.1.88.22'] = true,   -- Enhanced SR
  ['1.2.840.10008.5.1.4.1.1.88.33'] = true,   -- Comprehensive SR
  ['1.2.840.10008.5.1.4.1.1.88.34'] = true,   -- Comprehensive 3D SR
  ['1.2.840.10008.5.1.4.1.1.104.1'] = true,   -- encapsulated PDF
  ['1.2.840.10008.5.1.4.1.1.104.2'] = true,   -- encapsulated CDA
}
local most = 10000      -- that wait
local patience = 86400  -- seconds
local waiting = {}      -- in their order: {id = ..., since = ...}
local rests_until = 0
local failures = 0

local function settings()
  local given = GetOrthancConfiguration()['RadProof'] or {}
  return given['Url'], given['Source'], given['Authorization'], given['Timeout'] or 10
end

local function post(id)
  local url, source, authorization, timeout = settings()
  if url == nil or source == nil then
    print('RadProof: no Url or Source is configured')
    return true
  end
  local file = RestApiGet('/instances/' .. id .. '/file')
  if file == nil then
    return true  -- removed meanwhile
  end
  local headers = {['Content-Type'] = 'application/dicom', ['Expect'] = ''}
  if authorization ~= nil and authorization ~= '' then
    headers['Authorization'] = authorization
  end
  SetHttpTimeout(timeout)
  return HttpPost(url .. '/v1/webhooks/' .. source, file, headers) ~= nil
end

local function deliver()
  while #waiting > 0 and os.time() >= rests_until do
    local first = waiting[1]
    if post(first.id) then
      failures = 0
      table.remove(waiting, 1)
    else
      failures = failures + 1
      rests_until = os.time() + math.min(2 ^ math.min(failures, 8), 300)
      table.remove(waiting, 1)  -- to the end: what is never taken does not hold up the others
      if os.time() - first.since < patience then
        table.insert(waiting, first)
      else
        print('RadProof: a report was not taken for a day, and is given up')
      end
    end
  end
end

function OnStoredInstance(instanceId, tags, metadata, origin)
  if not classes[tags['SOPClassUID']] or tags['Manufacturer'] == 'RadProof' then
    return
  end
  if #waiting >= most then
    print('RadProof: too many reports wait; one was left to "radproof orthanc"')
    return
  end
  table.insert(waiting, {id = instanceId, since = os.time()})
  deliver()
end

function OnHeartBeat()
  deliver()
end
