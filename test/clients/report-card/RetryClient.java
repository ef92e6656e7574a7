import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** A careful client with java.net.http. Arguments: the URL of a sandbox. */
public class RetryClient {
  static final HttpClient CLIENT = HttpClient.newBuilder().build();

  static HttpResponse<String> send(String url, String body) throws Exception {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(url))
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", "Bearer standin-token");
    if (body != null) {
      builder
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(body));
    }
    for (int tries = 1; ; tries++) {
      HttpResponse<String> answer =
          CLIENT.send(builder.build(), HttpResponse.BodyHandlers.ofString());
      boolean again = answer.statusCode() == 429 || answer.statusCode() == 503;
      if (!again || tries == 4) return answer;
      long seconds = answer.headers().firstValueAsLong("Retry-After").orElse(0);
      Thread.sleep(seconds > 0 ? seconds * 1000 : 50L << tries);
    }
  }

  static String person(String name) {
    return String.format(
        "{\"firstName\":\"%s\",\"email\":\"%s@example.test\",\"role\":\"user\","
            + "\"allowCustomerPortalAccess\":true,\"password\":\"not-kept\"}",
        name, name);
  }

  public static void main(String[] args) throws Exception {
    String users = args[0] + "/v3/resellers/reseller-001/users";
    int list = send(users, null).statusCode();
    int ada = send(users, person("ada")).statusCode();
    int bad = send(users, "{\"firstName\":\"Nobody\"}").statusCode();
    int bob = send(users, person("bob")).statusCode();
    String look = send(users + "?email=bob%40example.test", null).body();
    String found = look.contains("bob@") ? "found" : "lost";
    System.out.println(list + " " + ada + " " + bad + " " + bob + " " + found);
  }
}
