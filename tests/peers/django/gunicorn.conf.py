# One process, as at every peer. Threads, since the default worker closes each connection after a response.
wsgi_app = "wsgi:application"
workers = 1
threads = 4
keepalive = 60
