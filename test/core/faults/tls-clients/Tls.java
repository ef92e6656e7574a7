// Prints what java.net.http reports of a GET of each URL in stdin; javax.net.ssl.trustStore names the CA.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Tls {
  public static void main(String[] args) throws Exception {
    var urls = new BufferedReader(new InputStreamReader(System.in));
    for (var url = urls.readLine(); url != null; url = urls.readLine()) {
      var request = HttpRequest.newBuilder(URI.create(url)).build();
      try {
        // A client for each, so that none reuses a connection.
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode());
      } catch (Exception error) {
        System.out.println(nameOf(error));
      }
    }
  }

  static String nameOf(Exception error) {
    Throwable root = error;
    while (root.getCause() != null) root = root.getCause();
    var name = error.getClass().getSimpleName();
    var cause = root.getClass().getSimpleName();
    return name.equals(cause) ? name : name + " (" + cause + ")";
  }
}
