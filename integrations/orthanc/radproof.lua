-- Sends each structured report and encapsulated document that Orthanc stores to RadProof.
--
-- Orthanc's configuration:
--   "LuaScripts": ["/etc/orthanc/radproof.lua"],
--   "LuaHeartBeatPeriod": 5,                               -- seconds between looks at what has to be tried again
--   "RadProof": {"Url": "https://radproof.example", "Source": "orthanc", "Authorization": "${RADPROOF_TOKEN}"}
-- What comes in is stored before this runs. Orthanc has one Lua context: while this sends ("Timeout" seconds at most),
-- the next object waits to be stored; radproof.py has no such wait. Images are never sent. What is not taken is tried
-- again for a day; what was not sent when Orthanc ended, "radproof orthanc" finds.

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
local longest_rest = 300
local waiting = {}      -- {id = ..., since = ..., due = ..., attempts = ...}, the newest first

local function settings()
  local given = GetOrthancConfiguration()['RadProof'] or {}
  return given['Url'], given['Source'], given['Authorization'], given['Timeout'] or 3
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
  if SetHttpTimeout ~= nil then  -- Orthanc 1.11.1; before, "HttpTimeout" of the configuration holds
    SetHttpTimeout(timeout)
  end
  local answer = HttpPost(url:gsub('/+$', '') .. '/v1/webhooks/' .. source, file, headers)
  -- RadProof says how many reports; Orthanc gives no words where it is not taken, and follows to the page of a login
  return type(answer) == 'string' and answer:find('"reports"', 1, true) ~= nil
end

-- Try what is due; after the first that is not taken, the others wait for the next call.
local function deliver()
  local place, now = 1, os.time()
  while place <= #waiting do
    local item = waiting[place]
    if item.due > now then
      place = place + 1
    elseif post(item.id) then
      table.remove(waiting, place)
    else
      item.due = now + math.min(2 ^ item.attempts, longest_rest)
      item.attempts = item.attempts + 1
      if now - item.since > patience then
        table.remove(waiting, place)
        print('RadProof: a report was not taken for a day, and is given up')
      end
      return
    end
  end
end

function OnStoredInstance(instanceId, tags, metadata, origin)
  if classes[tags['SOPClassUID']] and tags['Manufacturer'] ~= 'RadProof' then
    if #waiting < most then
      table.insert(waiting, 1, {id = instanceId, since = os.time(), due = os.time(), attempts = 0})
    else
      print('RadProof: too many reports wait; one was left to "radproof orthanc"')
    end
  end
  deliver()
end

-- Orthanc before 1.11.1 has no heart beat: there it is tried again when something else comes in or is complete.
function OnHeartBeat()
  deliver()
end

function OnStableSeries(seriesId, tags, metadata)
  deliver()
end

function OnStableStudy(studyId, tags, metadata)
  deliver()
end
