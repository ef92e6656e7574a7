import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;

/**
 * Tests that hold whatever the systems do: what the service says of an account is true, and what it
 * cannot do now it does not lose. Without a fault, everything has to work. With JUnit, make each of
 * the two tests a method with @Test.
 *
 * <pre>
 * javac -d .build *.java &amp;&amp; standin resilience -- java -cp .build ServiceTest
 * </pre>
 */
public final class ServiceTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String ADMIN = System.getenv("STANDIN_ADMIN_URL");
  private static final String TOKEN = System.getenv("STANDIN_ADMIN_TOKEN");
  private static final String SECRET = System.getenv("STANDIN_WEBHOOK_SECRET");

  /** APIs of the systems, as Standin names them. */
  private static final Map<String, String> APIS =
      Map.of("licence", "cryptlex", "dealer", "mykaarma", "forms", "formsonfire");

  private final String service;

  private ServiceTest(String service) {
    this.service = service;
  }

  public static void main(String[] args) throws Exception {
    try (var service = new Service(SECRET)) {
      var receiver =
          Map.of(
              "url", service.url() + "/webhooks",
              "events", List.of("reseller.user.created"),
              "token", SECRET);
      ask("POST", ADMIN + "/webhooks", receiver);
      var tests = new ServiceTest(service.url());
      tests.aNewPersonHasOneAccountInEachSystem();
      tests.aPersonWhoLeavesHasNone();
    }
    System.out.println("2 tests passed");
  }

  private void aNewPersonHasOneAccountInEachSystem() throws Exception {
    var person =
        Map.of("firstName", "Ada", "lastName", "Byron", "email", "ada@example.test");
    var accounts = added(person);
    expectStates(accounts, Map.of("licence", "active", "dealer", "active", "forms", "active"));
    for (var name : APIS.keySet()) {
      expectUsers(person, name, stateIn(accounts, name).equals("active"));
    }
    // Who asks again gets the same.
    var again = ask("POST", service + "/people", person);
    check(again.equals(accounts), "Asked again, it says " + again);
  }

  private void aPersonWhoLeavesHasNone() throws Exception {
    var person =
        Map.of("firstName", "Grace", "lastName", "Hopper", "email", "grace@example.test");
    var earlier = added(person);
    var accounts = ask("DELETE", service + "/people/" + person.get("email"), null);
    expectStates(accounts, Map.of("licence", "gone", "dealer", "active", "forms", "gone"));
    for (var name : APIS.keySet()) {
      // An account that could not be removed is still there, and the service says so.
      boolean had = stateIn(earlier, name).equals("active");
      expectUsers(person, name, had && !stateIn(accounts, name).equals("gone"));
    }
  }

  /** Adds a person, and returns the accounts once each of them has a state. */
  private Object added(Map<String, String> person) throws Exception {
    ask("POST", service + "/people", person);
    for (int tries = 0; tries < 3000; tries++) {
      var accounts = ask("GET", service + "/people/" + person.get("email"), null);
      if (((Map<?, ?>) accounts).size() == APIS.size()) return accounts;
      Thread.sleep(10);
    }
    throw new AssertionError("An account has no state");
  }

  /** Checks what the accounts have to be if no fault is armed. */
  private static void expectStates(Object accounts, Map<String, String> expected) {
    if (System.getenv("STANDIN_RESILIENCE_CELL") != null) return;
    expected.forEach(
        (name, state) -> check(stateIn(accounts, name).equals(state), name + ": " + accounts));
  }

  /** Compares the users of a person at one system with what the service says. */
  private static void expectUsers(Map<String, String> person, String name, boolean expected)
      throws Exception {
    var found = ask("GET", ADMIN + "/users?email=" + person.get("email"), null);
    long count =
        ((List<?>) Json.at(found, "users"))
            .stream().filter(user -> APIS.get(name).equals(Json.textAt(user, "api"))).count();
    check(count == (expected ? 1 : 0), name + " has " + count + " users");
  }

  private static String stateIn(Object accounts, String name) {
    return Json.textAt(accounts, name, "state");
  }

  private static Object ask(String method, String url, Object body) throws Exception {
    var content = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(Json.write(body));
    var request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .method(method, content);
    if (TOKEN != null && url.startsWith(ADMIN)) request.header("Standin-Admin-Token", TOKEN);
    var answer = CLIENT.send(request.build(), BodyHandlers.ofString());
    check(answer.statusCode() < 300, method + " " + url + " was answered " + answer.statusCode());
    return answer.body().isEmpty() ? null : Json.read(answer.body());
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) throw new AssertionError(otherwise);
  }
}
