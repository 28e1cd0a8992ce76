package io.prometheus.cloudwatch;

import io.prometheus.client.hotspot.DefaultExports;
import io.prometheus.client.servlet.jakarta.exporter.MetricsServlet;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;

/**
 * Starts the released cloudwatch_exporter as its own main class does, but on the loopback address and
 * against a given endpoint: its own listens on every address and cannot be pointed at another AWS.
 *
 * <p>Usage: Loopback PORT CONFIGURATION ENDPOINT
 */
final class Loopback {
  public static void main(String[] args) throws Exception {
    CloudWatchClient client =
        CloudWatchClient.builder()
            .region(Region.US_EAST_1)
            .endpointOverride(URI.create(args[2]))
            .build();
    new CloudWatchCollector(Files.readString(Path.of(args[1])), client, null).register();
    DefaultExports.initialize();
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    ServletContextHandler pages = new ServletContextHandler();
    pages.setContextPath("/");
    pages.addServlet(new ServletHolder(new MetricsServlet()), "/metrics");
    pages.addServlet(new ServletHolder(new HealthServlet()), "/-/healthy");
    server.setHandler(pages);
    server.start();
    server.join();
  }
}
