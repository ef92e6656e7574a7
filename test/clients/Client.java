// Prints "<call> <status> <id>" of each call, as java.net.http saw it.
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.xml.sax.InputSource;

class Client {
  static String url;

  static HttpResponse<String> post(String path, String file, String... headers) throws Exception {
    // HTTP/2 by upgrade is the default of this client.
    var request = HttpRequest.newBuilder(URI.create(url + path)).POST(BodyPublishers.ofFile(Path.of(file)));
    if (headers.length > 0) request.headers(headers);
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }

  static String member(String json, String name) {
    var found = Pattern.compile("\"" + name + "\":\"([^\"]+)\"").matcher(json);
    return found.find() ? found.group(1) : "none";
  }

  public static void main(String[] args) throws Exception {
    url = args[0];
    var xml = post("/api/v2/user", args[3]);
    var document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new InputSource(new StringReader(xml.body())));
    System.out.println("xml " + xml.statusCode() + " " + document.getElementsByTagName("Id").item(0).getTextContent());
    var credentials = Base64.getEncoder().encodeToString("partner:partner-secret".getBytes());
    var basic = post("/manage/v2/user/partner", args[1],
        "Content-Type", "application/json", "Authorization", "Basic " + credentials);
    System.out.println("basic " + basic.statusCode() + " " + member(basic.body(), "userUuid"));
    var json = post("/v3/resellers/reseller-001/users", args[2],
        "Content-Type", "application/json", "Authorization", "Bearer standin-token");
    System.out.println("json " + json.statusCode() + " " + member(json.body(), "id"));
  }
}
