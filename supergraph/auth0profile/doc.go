// Package auth0profile is the Auth0 profile subgraph: a federated GraphQL service that adds
// auth0_profile to the type users, by the user's auth0_id.
//
// Serve it with a tenant's machine-to-machine application (scope read:users):
//
//	handler, err := auth0profile.New(auth0profile.Config{
//		Domain: "example.eu.auth0.com", ClientID: id, ClientSecret: secret,
//	})
//	http.ListenAndServe("127.0.0.1:4002", handler)
//
// Show less than all of a profile: [Config].Fields. Trace it: [Config].TracerProvider. Let only the
// router in: [Config].RouterSecret. Serve it without a tenant: the package auth0standin, and the
// programs cmd/auth0profile and cmd/auth0standin.
//
// # The way of a request
//
// The router sends representations, {"__typename": "users", "auth0_id": "..."}. Before the first of
// an operation's _entities fields runs, the ids of all of them go into one dataloader, which is
// flushed at once: there are no timers. Its batch function looks in the cache, searches the rest
// (GET /api/v2/users?q=user_id:("a" OR "b"), at most 100 ids a call) and reads directly what the
// search index, which follows a write after a moment, doesn't have yet. The resolver of auth0_profile
// then takes its profile from the loader.
//
// # Errors
//
// Each has a code in its extensions and the path of what it is about. The rest of the answer stays.
//
//	AUTH0_UNAVAILABLE       at _entities, i, auth0_profile: Auth0 couldn't be asked; see the log
//	FIELD_NOT_ALLOWED       at _entities, i, auth0_profile, field: not among Config.Fields
//	INVALID_REPRESENTATION  at _entities, i: not a users with a string (or null) as auth0_id
//	INTERNAL_SERVER_ERROR   a fault of this program; see the log
//
// A user whom Auth0 doesn't have is null without an error, as is a null or empty auth0_id.
package auth0profile

//go:generate go tool gqlgen generate --config gqlgen.yml
