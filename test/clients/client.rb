# Prints "<call> <status> <id>" of each call, as Net::HTTP saw it.
require 'json'
require 'net/http'

url, mykaarma, cryptlex, xml = ARGV

define_method(:post) do |path, file, headers = {}, &head|
  uri = URI(url + path)
  # It adds application/x-www-form-urlencoded where no type is given.
  request = Net::HTTP::Post.new(uri, headers)
  head&.call(request)
  request.body = File.read(file)
  Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }
end

answer = post('/api/v2/user', xml)
puts "xml #{answer.code} #{answer.body[%r{<Id>([^<]+)</Id>}, 1]}"
json = { 'Content-Type' => 'application/json' }
answer = post('/manage/v2/user/partner', mykaarma, json) { |r| r.basic_auth('partner', 'partner-secret') }
puts "basic #{answer.code} #{JSON.parse(answer.body)['userUuid']}"
answer = post('/v3/resellers/reseller-001/users', cryptlex, json.merge('Authorization' => 'Bearer standin-token'))
puts "json #{answer.code} #{JSON.parse(answer.body)['id']}"
