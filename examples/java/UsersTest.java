// STANDIN_URL=http://localhost:4020 java UsersTest.java
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Needs only a JDK; with JUnit, make each of the two tests a method with @Test. */
public class UsersTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String SERVER =
      System.getenv().getOrDefault("STANDIN_URL", "http://localhost:4020");
  private static final String TOKEN = System.getenv("STANDIN_ADMIN_TOKEN");

  /** Stands for the code under test. It retries when the API is down. */
  static int signUp(String api, String token, String email)
      throws IOException, InterruptedException {
    var user =
        """
        {"firstName":"Ada","email":"%s","role":"user","password":"analytical-engine",
         "allowCustomerPortalAccess":true}"""
            .formatted(email);
    for (int tries = 1; ; tries++) {
      var request =
          HttpRequest.newBuilder(URI.create(api + "/resellers/reseller-001/users"))
              .header("Authorization", "Bearer " + token)
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofString(user))
              .build();
      int status = CLIENT.send(request, BodyHandlers.discarding()).statusCode();
      if (status < 500 || tries == 3) return status;
    }
  }

  /** Creates an isolated sandbox for one test, so that tests may run in parallel. */
  static class Sandbox implements AutoCloseable {
    final String name;
    final String url;
    final String token;

    Sandbox() {
      var made = ask(SERVER, "POST", "/sandboxes", "{\"ttl\":\"10m\"}");
      name = textIn(made, "name");
      url = SERVER + textIn(made, "prefix");
      token = textIn(ask("GET", "/credentials", ""), "token");
    }

    String ask(String method, String path, String body) {
      return ask(url, method, path, body);
    }

    void verify(String expectation) {
      var verdict = ask("POST", "/verify", "{\"expectations\":[" + expectation + "]}");
      check(verdict.startsWith("{\"passed\":true"), verdict);
    }

    @Override
    public void close() {
      ask("DELETE", "/sandboxes/" + name, "");
    }

    private static String ask(String base, String method, String path, String body) {
      var request =
          HttpRequest.newBuilder(URI.create(base + "/_standin" + path))
              .header("Content-Type", "application/json")
              .method(method, BodyPublishers.ofString(body));
      if (TOKEN != null) request.header("Standin-Admin-Token", TOKEN);
      try {
        var answer = CLIENT.send(request.build(), BodyHandlers.ofString());
        check(answer.statusCode() < 300, method + " " + path + ": " + answer.body());
        return answer.body();
      } catch (IOException | InterruptedException failure) {
        throw new IllegalStateException("No Standin at " + base, failure);
      }
    }
  }

  static void createsOneUserAndTheWebhookComes() throws Exception {
    try (var sandbox = new Sandbox()) {
      int status = signUp(sandbox.url + "/v3", sandbox.token, "ada@example.test");
      check(status == 201, "It answered " + status);

      sandbox.verify(
          """
          {"operation":"createResellerUser","count":{"exactly":1},
           "match":{"fields":{"email":"ada@example.test","role":"user"}}}""");
      var path = "/deliveries/await?event=reseller.user.created&timeout=5s";
      var awaited = sandbox.ask("GET", path, "");
      check(awaited.startsWith("{\"fulfilled\":true"), awaited);
    }
  }

  static void isTriedAgainWhenTheApiIsDown() throws Exception {
    try (var sandbox = new Sandbox()) {
      sandbox.ask("POST", "/faults", "{\"fault\":\"503;times=2\"}");
      int status = signUp(sandbox.url + "/v3", sandbox.token, "ada@example.test");
      check(status == 201, "It answered " + status);

      var unfired = sandbox.ask("GET", "/faults?unfired=true", "");
      check(unfired.equals("{\"faults\":[]}"), unfired);
      sandbox.verify("{\"status\":503,\"count\":{\"exactly\":2}}");
    }
  }

  interface Body {
    void run() throws Exception;
  }

  public static void main(String[] args) {
    Stream.<Body>of(
            UsersTest::createsOneUserAndTheWebhookComes, UsersTest::isTriedAgainWhenTheApiIsDown)
        .parallel()
        .forEach(
            test -> {
              try {
                test.run();
              } catch (Exception failure) {
                throw new AssertionError(failure);
              }
            });
    System.out.println("2 tests passed");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) throw new AssertionError(otherwise);
  }

  private static String textIn(String json, String key) {
    Matcher found = Pattern.compile("\"" + key + "\":\"([^\"]*)\"").matcher(json);
    check(found.find(), key + " is not in " + json);
    return found.group(1);
  }
}
