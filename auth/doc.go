// Package auth says who calls: it turns a request into a [Session] with a role and session variables.
//
//	a := auth.New(auth.Config{AdminSecret: secret})
//	session, err := a.Authenticate(request.Header)
//	ctx = auth.NewContext(ctx, session)
//
// A caller is whoever knows the admin secret or, where none is configured, whoever reaches the loopback address that
// Joinery then listens on. It is the admin unless it names another role.
package auth
