import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One call over HTTP, with everything that can become of it as a value. */
final class Call {
  /** Milliseconds that an API may take, to the last byte of its answer. */
  private static final long TIMEOUT =
      Long.parseLong(System.getenv().getOrDefault("API_TIMEOUT_MS", "1000"));

  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofMillis(TIMEOUT))
          .build();

  private Call() {}

  /** Result of a call. A status of 0 means that nothing is known, for the reason in {@code error}. */
  record Answer(int status, Object body, Duration retryAfter, String error) {
    static Answer unknown(Throwable error) {
      return new Answer(0, null, null, error.toString());
    }

    boolean isSuccess() {
      return status >= 200 && status < 300;
    }

    /** True if the same call would be refused again. */
    boolean isFinal() {
      return status >= 300 && status < 500 && !Set.of(408, 425, 429).contains(status);
    }

    String reason() {
      return error == null ? "the answer was " + status : error;
    }
  }

  static Answer send(String method, String url, Map<String, String> headers, Object body) {
    var request =
        HttpRequest.newBuilder(URI.create(url))
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(Json.write(body)))
            .header("Accept", "application/json");
    if (body != null) request.header("Content-Type", "application/json");
    headers.forEach(request::header);
    // HttpRequest.timeout ends with the headers of an answer; this one covers the body too.
    var answer = CLIENT.sendAsync(request.build(), BodyHandlers.ofString());
    try {
      var received = answer.get(TIMEOUT, TimeUnit.MILLISECONDS);
      int status = received.statusCode();
      var seconds = received.headers().firstValue("Retry-After").filter(s -> s.matches("\\d{1,9}"));
      var wait = seconds.map(s -> Duration.ofSeconds(Long.parseLong(s))).orElse(null);
      // The body of a failure may be the page of a gateway, and its status is enough. A success whose
      // body cannot be read tells nothing about what was stored.
      boolean isRead = status < 300 && !received.body().isEmpty();
      return new Answer(status, isRead ? Json.read(received.body()) : null, wait, null);
    } catch (TimeoutException late) {
      answer.cancel(true); // closes its connection
      return Answer.unknown(new IOException("no answer within " + TIMEOUT + " ms"));
    } catch (ExecutionException failed) {
      return Answer.unknown(failed.getCause());
    } catch (IllegalArgumentException unreadable) {
      return Answer.unknown(unreadable);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return Answer.unknown(stopped);
    }
  }
}
