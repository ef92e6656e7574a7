import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Reads and writes JSON as maps, lists, strings, numbers, booleans and null; a JDK has no reader. */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads a whole text.
   *
   * @throws IllegalArgumentException if it is not JSON, such as half of an answer
   */
  static Object read(String text) {
    var reader = new Json(text);
    var value = reader.value();
    reader.space();
    if (reader.at < text.length()) throw reader.wrong();
    return value;
  }

  /** Returns the member at a path, or null. */
  static Object at(Object value, String... path) {
    for (var name : path) value = value instanceof Map<?, ?> map ? map.get(name) : null;
    return value;
  }

  /** Returns the text at a path, or null. */
  static String textAt(Object value, String... path) {
    return at(value, path) instanceof String text ? text : null;
  }

  static String write(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> quoted(entry.getKey().toString()) + ":" + write(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Json::write).collect(Collectors.joining(",", "[", "]"));
    }
    return value instanceof String text ? quoted(text) : String.valueOf(value);
  }

  private static String quoted(String text) {
    return text.codePoints()
        .mapToObj(
            point ->
                point == '"' || point == '\\'
                    ? "\\" + (char) point
                    : point < ' ' ? String.format("\\u%04x", point) : Character.toString(point))
        .collect(Collectors.joining("", "\"", "\""));
  }

  private Object value() {
    space();
    if (took('{')) return object();
    if (took('[')) return array();
    if (took('"')) return string();
    int start = at;
    while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0 && text.charAt(at) > ' ') at++;
    var word = text.substring(start, at);
    return switch (word) {
      case "true" -> true;
      case "false" -> false;
      case "null" -> null;
      default -> {
        if (!word.matches("-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?")) throw wrong();
        yield new BigDecimal(word);
      }
    };
  }

  private Map<String, Object> object() {
    var members = new LinkedHashMap<String, Object>();
    space();
    if (took('}')) return members;
    do {
      space();
      expect('"');
      var name = string();
      space();
      expect(':');
      members.put(name, value());
      space();
    } while (took(','));
    expect('}');
    return members;
  }

  private List<Object> array() {
    var items = new ArrayList<>();
    space();
    if (took(']')) return items;
    do {
      items.add(value());
      space();
    } while (took(','));
    expect(']');
    return items;
  }

  private String string() {
    var found = new StringBuilder();
    while (!took('"')) {
      char next = next();
      if (next < ' ') throw wrong();
      found.append(next == '\\' ? escaped() : next);
    }
    return found.toString();
  }

  private char escaped() {
    char letter = next();
    if (letter == 'u') {
      if (at + 4 > text.length()) throw wrong();
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
    int place = "\"\\/bfnrt".indexOf(letter);
    if (place < 0) throw wrong();
    return "\"\\/\b\f\n\r\t".charAt(place);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
  }

  private char next() {
    if (at == text.length()) throw wrong();
    return text.charAt(at++);
  }

  private boolean took(char wanted) {
    if (at == text.length() || text.charAt(at) != wanted) return false;
    at++;
    return true;
  }

  private void expect(char wanted) {
    if (!took(wanted)) throw wrong();
  }

  private IllegalArgumentException wrong() {
    return new IllegalArgumentException("no JSON from character " + at);
  }
}
