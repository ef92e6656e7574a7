import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The three vendors' APIs behind one interface. */
final class Systems {
  static final SystemApi LICENCE = new Licences();
  static final SystemApi DEALER = new Dealers();
  static final SystemApi FORMS = new Forms();

  private static final String PASSWORD = "analytical-engine-1";

  private Systems() {}

  record Person(String firstName, String lastName, String email) {}

  /** Result of a search; what is not known may exist. */
  record Found(boolean known, String id) {
    static final Found UNKNOWN = new Found(false, null);
    static final Found ABSENT = new Found(true, null);

    static Found of(String id) {
      return id == null ? UNKNOWN : new Found(true, id);
    }

    boolean isAbsent() {
      return known && id == null;
    }
  }

  interface SystemApi {
    Call.Answer create(Person person);

    /** Returns the id in the answer to a create call, or null. */
    String idIn(Object body);

    Found find(String email);

    /** Removes a user; empty where the vendor has no call for it. */
    default Optional<Call.Answer> remove(String id) {
      return Optional.empty();
    }
  }

  /** Cryptlex. */
  private static final class Licences implements SystemApi {
    private final String users = env("CRYPTLEX_URL") + "/resellers/reseller-001/users";

    /** Is read for each call: a token may be renewed while the service runs. */
    private Map<String, String> headers() {
      return Map.of("Authorization", "Bearer " + env("CRYPTLEX_TOKEN"));
    }

    @Override
    public Call.Answer create(Person person) {
      return Call.send(
          "POST",
          users,
          headers(),
          Map.of(
              "firstName", person.firstName(),
              "lastName", person.lastName(),
              "email", person.email(),
              "role", "user",
              "password", PASSWORD,
              "allowCustomerPortalAccess", true));
    }

    @Override
    public String idIn(Object body) {
      return Json.textAt(body, "id");
    }

    @Override
    public Found find(String email) {
      var answer = Call.send("GET", users + "?email=" + encoded(email), headers(), null);
      return inList(answer, answer.body(), email, "id");
    }

    @Override
    public Optional<Call.Answer> remove(String id) {
      return Optional.of(Call.send("DELETE", users + "/" + encoded(id), headers(), null));
    }
  }

  /** myKaarma, which has no call that removes a user. */
  private static final class Dealers implements SystemApi {
    private final String users = env("MYKAARMA_URL") + "/v2/user";

    private Map<String, String> headers() {
      var pair = env("MYKAARMA_USERNAME") + ":" + env("MYKAARMA_PASSWORD");
      return Map.of("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes(pair)));
    }

    @Override
    public Call.Answer create(Person person) {
      return Call.send(
          "POST",
          users + "/partner",
          headers(),
          Map.ofEntries(
              Map.entry("dealerUUID", "dealer-uuid-001"),
              Map.entry("departmentUUID", "department-uuid-001"),
              Map.entry("roleUUID", "role-uuid-001"),
              Map.entry("firstName", person.firstName()),
              Map.entry("lastName", person.lastName()),
              Map.entry("emailAddress", person.email()),
              Map.entry("username", person.email()),
              Map.entry("password", PASSWORD),
              Map.entry("userInvite", true),
              Map.entry("sendEmail", false),
              Map.entry("userInviteEmailTemplate", "SIMPLE")));
    }

    @Override
    public String idIn(Object body) {
      return Json.textAt(body, "userUuid");
    }

    @Override
    public Found find(String email) {
      var answer = Call.send("GET", users + "/dealer/dealer-uuid-001", headers(), null);
      return inList(answer, Json.at(answer.body(), "users"), email, "uuid");
    }
  }

  /** Forms On Fire, which takes its key in the body, or in the query of a GET. */
  private static final class Forms implements SystemApi {
    private final String users = env("FORMSONFIRE_URL") + "/v2/user";

    private Integer company() {
      return Integer.valueOf(env("FORMSONFIRE_COMPANY_ID"));
    }

    private String key() {
      return env("FORMSONFIRE_INTEGRATION_KEY");
    }

    @Override
    public Call.Answer create(Person person) {
      return Call.send(
          "POST",
          users,
          Map.of(),
          Map.of(
              "CompanyId", company(),
              "IntegrationKey", key(),
              "Email", person.email(),
              "FirstName", person.firstName(),
              "LastName", person.lastName(),
              "WebsiteRole", "User"));
    }

    @Override
    public String idIn(Object body) {
      return Json.textAt(body, "User", "Id");
    }

    @Override
    public Found find(String email) {
      var query =
          "?CompanyId=%d&IntegrationKey=%s&Email=%s&Format=json"
              .formatted(company(), encoded(key()), encoded(email));
      var answer = Call.send("GET", users + query, Map.of(), null);
      if (answer.status() == 400) return Found.ABSENT; // its answer for an unknown user
      return Found.of(answer.status() == 200 ? idIn(answer.body()) : null);
    }

    @Override
    public Optional<Call.Answer> remove(String id) {
      var body = Map.of("CompanyId", company(), "IntegrationKey", key(), "Id", id);
      return Optional.of(Call.send("DELETE", users, Map.of(), body));
    }
  }

  private static Found inList(Call.Answer answer, Object list, String email, String id) {
    if (answer.status() != 200 || !(list instanceof List<?> users)) return Found.UNKNOWN;
    for (var user : users) {
      if (email.equalsIgnoreCase(Json.textAt(user, "email"))) return Found.of(Json.textAt(user, id));
    }
    return Found.ABSENT;
  }

  private static String env(String name) {
    var value = System.getenv("STANDIN_" + name);
    if (value == null) throw new IllegalStateException("STANDIN_" + name + " is not set");
    return value;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
