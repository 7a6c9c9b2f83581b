// Package auth says who calls: it turns a request into a [Session] with a role and session variables.
//
//	a := auth.New(auth.Config{AdminSecret: secret})
//	session, err := a.Authenticate(request)
//	ctx = auth.NewContext(ctx, session)
//
// # Who may call
//
// The ways of Hasura v2 (hasura-actions.md, section 10.3), and a router that proves itself. The first that applies decides:
//
//  1. The admin secret is sent: the caller is the admin. Its x-hasura-* headers count, x-hasura-role too.
//  2. Router secrets or client certificates are configured: whoever proves not to be the router is refused.
//  3. A JWT is sent: it is verified here, and its claims are the session. x-hasura-role chooses among its roles.
//  4. The caller is the router and says x-hasura-role: its x-hasura-* headers are the session.
//  5. A webhook is configured: what it answers is the session.
//  6. An unauthorized role is configured: that is the role, without session variables.
//  7. Nothing is configured: the caller is the admin. [Config.CheckListen] allows that on loopback addresses only.
//
// Else the caller is refused. x-hasura-* headers of anyone else are dropped. Whatever could be read in two ways, such as a
// header sent twice, is refused.
//
// Secrets and tokens are never in an error or a log.
package auth
