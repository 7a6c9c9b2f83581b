package e2e

import (
	"testing"

	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/supergraph"
)

// behindRouters runs a test behind Apollo Router and behind Apollo Gateway, which is given each one's name and URL.
func behindRouters(t *testing.T, o supergraph.RouterOptions, test func(t *testing.T, router, url string)) {
	t.Helper()
	t.Run("apollo-router", func(t *testing.T) {
		o := o
		o.Path = fedtest.ApolloRouter(t)
		test(t, "apollo-router", fedtest.Route(t, o))
	})
	t.Run("apollo-gateway", func(t *testing.T) { test(t, "apollo-gateway", fedtest.Route(t, o)) })
}
