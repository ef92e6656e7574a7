import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Gives a new employee an account in three systems, and survives what they do.
 *
 * <pre>
 * POST /people {firstName, lastName, email}   adds a person; the answer says how far it is
 * GET /people/{email}                         the state of each account
 * DELETE /people/{email}                      removes the accounts that can be removed
 * POST /webhooks                              the receiver of Cryptlex' webhooks
 * </pre>
 */
final class Service implements AutoCloseable {
  /** Milliseconds after which the work of a webhook is done without it. */
  private static final long PATIENCE = 300;

  private static final int LARGEST_BODY = 1024 * 1024;

  /** Events that are remembered, to handle none twice. */
  private static final int MOST_REMEMBERED = 10_000;

  private final SecretKeySpec secret;
  private final HttpServer server;
  private final ScheduledExecutorService workers =
      Executors.newScheduledThreadPool(
          8,
          work -> {
            var thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
          });
  private final Map<String, Employee> people = new ConcurrentHashMap<>();
  private final Map<String, Boolean> seen =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
              return size() > MOST_REMEMBERED;
            }
          });

  Service(String secret) throws IOException {
    this.secret = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(workers);
    server.createContext("/people", exchange -> respond(exchange, this::people));
    server.createContext("/webhooks", exchange -> respond(exchange, this::webhook));
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    workers.shutdownNow();
  }

  /** Accounts of one person. Its methods that call a system exclude each other. */
  private final class Employee {
    private final Systems.Person person;
    private final Map<String, Accounts.Account> accounts = new ConcurrentHashMap<>();

    Employee(Systems.Person person) {
      this.person = person;
    }

    synchronized void add() {
      if (accounts.containsKey("licence")) return;
      accounts.put("licence", Accounts.ensureUser(Systems.LICENCE, person));
      accounts.put("dealer", Accounts.ensureUser(Systems.DEALER, person));
      if (accounts.get("licence").isActive()) {
        workers.schedule(this::openForms, PATIENCE, TimeUnit.MILLISECONDS);
      } else {
        var later = Accounts.Account.without(Accounts.State.LATER, "there is no licence yet");
        accounts.put("forms", later);
      }
    }

    /** Creates the account at Forms On Fire once: the webhook may come early, twice or never. */
    synchronized void openForms() {
      if (accounts.containsKey("forms")) return;
      accounts.put("forms", Accounts.ensureUser(Systems.FORMS, person));
    }

    synchronized void remove() {
      accounts.putIfAbsent("forms", Accounts.Account.without(Accounts.State.GONE, null));
      removeFrom("licence", Systems.LICENCE);
      removeFrom("forms", Systems.FORMS);
    }

    private void removeFrom(String name, Systems.SystemApi system) {
      var account = accounts.get(name);
      if (account == null) return;
      accounts.put(name, Accounts.ensureNoUser(system, person.email(), account));
    }

    String report() {
      var states = new TreeMap<String, Object>();
      accounts.forEach(
          (name, account) ->
              states.put(name, Map.of("state", account.state().name().toLowerCase())));
      return Json.write(states);
    }
  }

  private record Response(int status, String body) {}

  private interface Handler {
    Response handle(HttpExchange exchange, byte[] body);
  }

  private void respond(HttpExchange exchange, Handler handler) throws IOException {
    try (exchange) {
      var body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
      var response =
          body.length > LARGEST_BODY ? new Response(413, "") : handler.handle(exchange, body);
      var text = response.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(response.status(), text.length == 0 ? -1 : text.length);
      exchange.getResponseBody().write(text);
    }
  }

  private Response people(HttpExchange exchange, byte[] body) {
    if (exchange.getRequestMethod().equals("POST")) {
      var person = personIn(body);
      if (person == null) return new Response(400, "{\"error\":\"a person has three texts\"}");
      // It is known before its first call: the webhook may come before the answer.
      var employee = people.computeIfAbsent(person.email(), email -> new Employee(person));
      employee.add();
      return new Response(200, employee.report());
    }
    var path = exchange.getRequestURI().getPath();
    var employee = people.get(path.substring(path.lastIndexOf('/') + 1).toLowerCase());
    if (employee == null) return new Response(404, "{}");
    if (exchange.getRequestMethod().equals("DELETE")) employee.remove();
    return new Response(200, employee.report());
  }

  private static Systems.Person personIn(byte[] body) {
    try {
      var given = Json.read(new String(body, StandardCharsets.UTF_8));
      var email = Json.textAt(given, "email");
      var firstName = Json.textAt(given, "firstName");
      var lastName = Json.textAt(given, "lastName");
      if (email == null || firstName == null || lastName == null) return null;
      return new Systems.Person(firstName, lastName, email.toLowerCase());
    } catch (IllegalArgumentException unreadable) {
      return null;
    }
  }

  /** Verifies a webhook over its raw bytes, answers at once, and handles each event once. */
  private Response webhook(HttpExchange exchange, byte[] body) {
    if (!isSigned(body, exchange.getRequestHeaders().getFirst("Webhook-Signature"))) {
      return new Response(401, "");
    }
    Object webhook;
    try {
      webhook = Json.read(new String(body, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException unreadable) {
      return new Response(400, "");
    }
    var event = Json.textAt(webhook, "event");
    var email = Json.textAt(webhook, "data", "email");
    var id = Json.textAt(webhook, "data", "id");
    if (event == null || email == null || id == null) return new Response(400, "");
    // A webhook that is sent twice has the same content, and not always the same delivery id.
    var identity = event + " " + id + " " + Json.textAt(webhook, "triggeredAt");
    var employee = people.get(email.toLowerCase());
    boolean isNew = seen.putIfAbsent(identity, true) == null;
    if (isNew && employee != null && event.equals("reseller.user.created")) {
      workers.execute(employee::openForms);
    }
    return new Response(204, "");
  }

  private boolean isSigned(byte[] body, String signature) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(secret);
      var given = Base64.getDecoder().decode(signature == null ? "" : signature);
      return MessageDigest.isEqual(given, mac.doFinal(body)); // in constant time
    } catch (IllegalArgumentException unreadable) {
      return false;
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }
}
