import io.tus.java.client.ProtocolException;
import io.tus.java.client.TusClient;
import io.tus.java.client.TusExecutor;
import io.tus.java.client.TusURLMemoryStore;
import io.tus.java.client.TusUpload;
import io.tus.java.client.TusUploader;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.util.HashMap;
import java.util.Map;

/**
 * Upload a file with tus-java-client, as its README has it: Driver ENDPOINT FILE [NAME=VALUE ...]
 *
 * <p>`requestPayloadSize` and `chunkSize` are the uploader's, in bytes; `runs` is how often the
 * whole executor is started when it gives up. Prints {"url", "done"} as JSON; what went wrong, to
 * stderr.
 */
public final class Driver {
  private static URL url;

  public static void main(String[] args) throws Exception {
    Map<String, Integer> options = new HashMap<>();
    for (int i = 2; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      options.put(pair[0], Integer.valueOf(pair[1]));
    }
    boolean done = false;
    TusClient client = new TusClient();
    client.setUploadCreationURL(new URL(args[0]));
    client.enableResuming(new TusURLMemoryStore());
    TusUpload upload = new TusUpload(new File(args[1]));
    for (int run = 0; run < options.getOrDefault("runs", 1) && !done; run++) {
      done = attempts(client, upload, options);
    }
    String told = url == null ? "null" : "\"" + url + "\"";
    System.out.println("{\"url\": " + told + ", \"done\": " + done + "}");
    System.exit(done ? 0 : 1);
  }

  private static boolean attempts(TusClient client, TusUpload upload, Map<String, Integer> options) {
    TusExecutor executor =
        new TusExecutor() {
          @Override
          protected void makeAttempt() throws ProtocolException, IOException {
            try {
              attempt(client, upload, options);
            } catch (ProtocolException | IOException error) {
              System.err.println("attempt failed: " + error);
              throw error;
            }
          }
        };
    try {
      return executor.makeAttempts();
    } catch (ProtocolException | IOException error) {
      System.err.println("gave up: " + error);
      return false;
    }
  }

  private static void attempt(TusClient client, TusUpload upload, Map<String, Integer> options)
      throws ProtocolException, IOException {
    TusUploader uploader = client.resumeOrCreateUpload(upload);
    url = uploader.getUploadURL();
    if (options.containsKey("requestPayloadSize")) {
      uploader.setRequestPayloadSize(options.get("requestPayloadSize"));
    }
    if (options.containsKey("chunkSize")) {
      uploader.setChunkSize(options.get("chunkSize"));
    }
    while (uploader.uploadChunk() > -1) {
      // All of the file, chunk by chunk.
    }
    uploader.finish();
  }
}
