import static org.springframework.security.config.Customizer.withDefaults;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.OAuth2AuthorizationServerConfiguration;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationRequest;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2AuthorizationGrantAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientCredentialsAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2DeviceCodeAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2TokenExchangeAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.oidc.authentication.OidcClientRegistrationAuthenticationProvider;
import org.springframework.security.oauth2.server.authorization.oidc.authentication.OidcClientRegistrationAuthenticationValidator;
import org.springframework.security.oauth2.server.authorization.settings.AuthorizationServerSettings;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;

/** Spring Authorization Server as its own guide sets it up, with the clients of the live suite. Keeps everything in memory. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class AuthorizationServer {
  private static final String CALLBACK = "https://agent.behalf.example/callback";
  private static final String FRONT = "https://agent.behalf.example/";

  public static void main(String[] arguments) {
    SpringApplication.run(AuthorizationServer.class, arguments);
  }

  @Bean
  @Order(1)
  SecurityFilterChain endpoints(HttpSecurity http) {
    http.oauth2AuthorizationServer(server -> {
      http.securityMatcher(server.getEndpointsMatcher());
      server
          .pushedAuthorizationRequestEndpoint(withDefaults())
          .deviceAuthorizationEndpoint(withDefaults())
          .deviceVerificationEndpoint(withDefaults())
          .oidc(oidc -> oidc.clientRegistrationEndpoint(registration -> registration.authenticationProviders(this::allowScopes)));
    });
    return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .exceptionHandling(failure -> failure.authenticationEntryPoint(new LoginUrlAuthenticationEntryPoint("/login")))
        .build();
  }

  /** By itself, the server registers no client that names scopes. */
  private void allowScopes(List<AuthenticationProvider> providers) {
    for (AuthenticationProvider provider : providers) {
      if (provider instanceof OidcClientRegistrationAuthenticationProvider registration) {
        registration.setAuthenticationValidator(
            OidcClientRegistrationAuthenticationValidator.DEFAULT_REDIRECT_URI_VALIDATOR
                .andThen(OidcClientRegistrationAuthenticationValidator.DEFAULT_JWK_SET_URI_VALIDATOR)
                .andThen(OidcClientRegistrationAuthenticationValidator.SIMPLE_SCOPE_VALIDATOR));
      }
    }
  }

  @Bean
  @Order(2)
  SecurityFilterChain login(HttpSecurity http) {
    return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated()).formLogin(withDefaults()).build();
  }

  @Bean
  UserDetailsService users() {
    return new InMemoryUserDetailsManager(
        User.withUsername("ann").password("{noop}a-password").roles("USER").build());
  }

  @Bean
  RegisteredClientRepository clients() {
    return new InMemoryRegisteredClientRepository(
        agent("stock-agent").build(),
        // The second agent of a chain.
        agent("research-agent").build(),
        // Its tokens are as the server makes them by itself.
        agent("plain-agent").build(),
        agent("key-agent")
            .clientSecret(null)
            .clientAuthenticationMethods(methods -> {
              methods.clear();
              methods.add(ClientAuthenticationMethod.PRIVATE_KEY_JWT);
            })
            .clientSettings(ClientSettings.builder()
                .jwkSetUrl(System.getProperty("behalf.jwks"))
                .tokenEndpointAuthenticationSigningAlgorithm(SignatureAlgorithm.ES256)
                .build())
            .build(),
        // Registers other clients.
        RegisteredClient.withId(UUID.randomUUID().toString())
            .clientId("registrar")
            .clientSecret("{noop}registrar-secret")
            .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
            .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
            .scope("client.create")
            .build());
  }

  private static RegisteredClient.Builder agent(String id) {
    return RegisteredClient.withId(UUID.randomUUID().toString())
        .clientId(id)
        .clientSecret("{noop}" + id + "-secret")
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_POST)
        .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
        .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
        .authorizationGrantType(AuthorizationGrantType.DEVICE_CODE)
        .authorizationGrantType(AuthorizationGrantType.TOKEN_EXCHANGE)
        .redirectUri(CALLBACK)
        .postLogoutRedirectUri(FRONT)
        .scopes(scopes -> scopes.addAll(List.of("openid", "profile", "trade", "trade:read")))
        .tokenSettings(TokenSettings.builder()
            .reuseRefreshTokens(false)
            .accessTokenTimeToLive(Duration.ofMinutes(5))
            .build());
  }

  /** Makes `aud` follow `resource` and `audience` (RFC 8707, RFC 8693), and names the client (RFC 9068 §2.2). */
  @Bean
  OAuth2TokenCustomizer<JwtEncodingContext> accessTokens() {
    return context -> {
      String client = context.getRegisteredClient().getClientId();
      if (!OAuth2TokenType.ACCESS_TOKEN.equals(context.getTokenType()) || client.equals("plain-agent")) return;
      List<String> targets = targetsOf(context);
      context.getClaims().claim("client_id", client);
      if (!targets.isEmpty()) context.getClaims().audience(targets);
    };
  }

  /** The APIs that a token was asked for: with an exchange, with the client's own token, on a device, or at the login. */
  private static List<String> targetsOf(JwtEncodingContext context) {
    Authentication grant = context.getAuthorizationGrant();
    if (grant instanceof OAuth2TokenExchangeAuthenticationToken exchange) {
      return Stream.concat(exchange.getResources().stream(), exchange.getAudiences().stream()).toList();
    }
    if (grant instanceof OAuth2ClientCredentialsAuthenticationToken || grant instanceof OAuth2DeviceCodeAuthenticationToken) {
      return listOf(((OAuth2AuthorizationGrantAuthenticationToken) grant).getAdditionalParameters().get("resource"));
    }
    OAuth2Authorization authorization = context.get(OAuth2Authorization.class);
    OAuth2AuthorizationRequest login =
        authorization == null ? null : authorization.getAttribute(OAuth2AuthorizationRequest.class.getName());
    return listOf(login == null ? null : login.getAdditionalParameters().get("resource"));
  }

  private static List<String> listOf(Object parameter) {
    if (parameter instanceof String[] several) return List.of(several);
    return parameter instanceof String one ? List.of(one) : List.of();
  }

  @Bean
  JWKSource<SecurityContext> keys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair pair = generator.generateKeyPair();
    RSAKey key = new RSAKey.Builder((RSAPublicKey) pair.getPublic())
        .privateKey((RSAPrivateKey) pair.getPrivate())
        .keyID(UUID.randomUUID().toString())
        .build();
    return new ImmutableJWKSet<>(new JWKSet(key));
  }

  @Bean
  JwtDecoder decoder(JWKSource<SecurityContext> keys) {
    return OAuth2AuthorizationServerConfiguration.jwtDecoder(keys);
  }

  @Bean
  AuthorizationServerSettings settings() {
    return AuthorizationServerSettings.builder().issuer(System.getProperty("behalf.issuer")).build();
  }
}
