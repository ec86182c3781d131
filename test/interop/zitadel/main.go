// The example server of github.com/zitadel/oidc, with JWT access tokens. Its argument is the issuer URL, such as
// http://127.0.0.1:9000. For npm run test:interop.
package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const callback = "http://127.0.0.1/signed-in"

// The example issues opaque tokens.
type jwtClient struct{ op.Client }

func (jwtClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

type jwtStorage struct{ *storage.Storage }

func (s jwtStorage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return jwtClient{client}, nil
}

func main() {
	issuer, err := url.Parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	storage.RegisterClients(
		storage.WebClient("web-shop", "web-shop-secret", callback),
		storage.WebClient("order-service", "order-service-secret", callback),
	)
	users := storage.NewUserStore(issuer.String())
	handler := exampleop.SetupServer(
		issuer.String(),
		jwtStorage{storage.NewStorage(users)},
		slog.Default(),
		false,
		op.WithAllowInsecure(),
	)
	server := &http.Server{Addr: issuer.Host, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
