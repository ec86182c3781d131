package orderflow;

import java.net.URL;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2TokenExchangeAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;

/** The authorization server of the demo. Its secrets are public: use it on loopback only. */
@SpringBootApplication
public class AuthorizationServer {
  public static void main(String[] arguments) {
    SpringApplication.run(AuthorizationServer.class, arguments);
  }

  @Bean
  RegisteredClientRepository clients() {
    return new InMemoryRegisteredClientRepository(
        application("web-shop").scope("orders:read").build(),
        application("stock-console").scope("read:items").build(),
        service("user-service").scope("orders:read").build(),
        service("order-service")
            .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
            .redirectUri("https://order-service.example/signed-in")
            .scope("openid")
            .scope("read:items")
            .build());
  }

  private static RegisteredClient.Builder application(String id) {
    return RegisteredClient.withId(id)
        .clientId(id)
        .clientAuthenticationMethod(ClientAuthenticationMethod.NONE)
        .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
        .redirectUri("https://" + id + ".example/signed-in")
        .clientSettings(ClientSettings.builder().requireProofKey(true).requireAuthorizationConsent(true).build())
        .scope("openid");
  }

  /** Each client needs its own secret: the repository rejects a secret that is already registered. */
  private static RegisteredClient.Builder service(String id) {
    return RegisteredClient.withId(id)
        .clientId(id)
        .clientSecret("{noop}" + id + "-secret")
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
        .authorizationGrantType(AuthorizationGrantType.TOKEN_EXCHANGE);
  }

  /** Sets the audience and may_act. It runs in addition to the default customizer, which writes act. */
  @Bean
  @ConditionalOnBooleanProperty("order-flow.customized")
  OAuth2TokenCustomizer<JwtEncodingContext> audience(
      @Value("${spring.security.oauth2.authorizationserver.issuer}") URL issuer) {
    Map<String, String> services = Map.of("web-shop", "user-service", "stock-console", "inventory-service");
    return context -> {
      if (!OAuth2TokenType.ACCESS_TOKEN.equals(context.getTokenType())) return;
      if (context.getAuthorizationGrant() instanceof OAuth2TokenExchangeAuthenticationToken exchange) {
        context.getClaims().audience(List.copyOf(exchange.getAudiences()));
      }
      String client = context.getRegisteredClient().getClientId();
      if (services.containsKey(client)) {
        context.getClaims().audience(List.of(services.get(client)));
      }
      if (client.equals("web-shop")) {
        // The server compares this value with the actor token's iss, which is a URL, not a string.
        context.getClaims().claim("may_act", Map.of("iss", issuer, "sub", "user-service"));
      }
    };
  }
}
