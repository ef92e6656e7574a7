import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Creates and removes users in a system that may fail in any way, without a second user and without
 * one that nobody knows of.
 */
final class Accounts {
  private static final int MAX_TRIES = 3;

  /** Milliseconds before the second try; they double with each further one. */
  private static final long FIRST_PAUSE = 40;

  /** Longest Retry-After for which a caller is kept waiting. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private Accounts() {}

  /** LATER: not possible now, to be tried again. */
  enum State {
    ACTIVE,
    GONE,
    REFUSED,
    LATER
  }

  /** A user as far as it is known: with an id if it is active, else with the reason. */
  record Account(State state, String id, String why) {
    static Account active(String id) {
      return new Account(State.ACTIVE, id, null);
    }

    static Account without(State state, String why) {
      return new Account(state, null, why);
    }

    boolean isActive() {
      return state == State.ACTIVE;
    }
  }

  /** Makes sure that a person has exactly one user. */
  static Account ensureUser(Systems.SystemApi system, Systems.Person person) {
    String why = "";
    boolean renewed = false;
    for (int tries = 1; tries <= MAX_TRIES; tries++) {
      var answer = system.create(person);
      var id = answer.isSuccess() ? system.idIn(answer.body()) : null;
      if (id != null) return Account.active(id);
      why = answer.reason();
      if (answer.status() == 401 && !renewed) {
        renewed = true; // the next try reads the credentials again
        continue;
      }
      boolean isLast = answer.isFinal() || tries == MAX_TRIES || !waitAfter(answer, tries);
      // Whatever the answer was, the user may exist: from this try, or from an earlier one.
      var found = system.find(person.email());
      if (found.id() != null) return Account.active(found.id());
      if (answer.isFinal()) return Account.without(State.REFUSED, why);
      if (isLast) break;
    }
    return Account.without(State.LATER, why);
  }

  /** Makes sure that a person has no user, where the system can remove one. */
  static Account ensureNoUser(Systems.SystemApi system, String email, Account account) {
    if (!account.isActive()) return account;
    String why = "";
    boolean renewed = false;
    for (int tries = 1; tries <= MAX_TRIES; tries++) {
      var removed = system.remove(account.id());
      if (removed.isEmpty()) return account;
      var answer = removed.get();
      if (answer.isSuccess()) return Account.without(State.GONE, null);
      why = answer.reason();
      if (answer.status() == 401 && !renewed) {
        renewed = true;
        continue;
      }
      if (!answer.isFinal() && tries < MAX_TRIES) waitAfter(answer, tries);
      // A refusal may mean that an earlier try has removed it.
      if (system.find(email).isAbsent()) return Account.without(State.GONE, null);
      if (answer.isFinal()) return Account.without(State.REFUSED, why);
    }
    return Account.without(State.LATER, why);
  }

  /** Waits before the next try: what the API asks for, else longer each time; false if too long. */
  private static boolean waitAfter(Call.Answer answer, int tries) {
    var asked = answer.retryAfter();
    if (asked != null && asked.compareTo(LONGEST_WAIT) > 0) return false;
    // Spread, so that many clients do not come back together.
    double spread = ThreadLocalRandom.current().nextDouble(0.75, 1.25);
    long pause = (long) ((FIRST_PAUSE << (tries - 1)) * spread);
    try {
      Thread.sleep(asked == null ? pause : asked.toMillis() + 20);
      return true;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
