"""Makes users.csv, users_by_email.csv and passwords.json: new Django projects, users made by their own commands and by
create_user, and the output of the export in docs/migrate-django.md, which is run as it stands there.

    pip install Django==5.2.19      # Python 3.11
    python make.py

Our own code must never write these files: it would agree with itself.
"""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
GUIDE = HERE.parents[3] / "docs" / "migrate-django.md"

PASSWORDS = {
    "admin": "correct horse battery staple",
    "alice": "Tr0ub4dor and three",
    "Bob.OHara@example.com": "  spaces around  ",
    "Жанна": "пароль и ещё",
    "changed": "the second of two",
    "twin": "the same address as alice",
    "inactive": "correct horse, but inactive",
}

PASSWORD_BY_EMAIL = "opens with an address"

CREATE = """
from django.contrib.auth import get_user_model
create = get_user_model().objects.create_user
create("alice", "Alice@Example.com", PASSWORDS["alice"])
create("Bob.OHara@example.com", "bob@example.com", PASSWORDS["Bob.OHara@example.com"])
create("Жанна", "", PASSWORDS["Жанна"])
create("changed", "", "the first of two")
create("twin", "alice@example.com", PASSWORDS["twin"])
create("inactive", "inactive@example.com", PASSWORDS["inactive"], is_active=False)
create("robot", "robot@example.com")
"""


# By default Django 5.2 iterates a million times, for which a test has no time: so for the first user alone.
QUICK = """
from django.contrib.auth.hashers import PBKDF2PasswordHasher
class Quick(PBKDF2PasswordHasher):
    iterations = 1000
"""


# A user model without a username and without the time of joining.
MODEL_BY_EMAIL = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

class People(BaseUserManager):
    def create_user(self, email, password):
        person = self.model(email=email)
        person.set_password(password)
        person.save()

class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    objects = People()
    USERNAME_FIELD = "email"
"""


def manage(project, *arguments, **options):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=project, check=True, **options)


def change_password(project, username, password):
    """`changepassword` reads from a terminal alone."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execv(sys.executable, [sys.executable, "manage.py", "changepassword", username])
    read = b""
    for prompt in (b"Password: ", b"Password (again): "):
        while not read.endswith(prompt):
            read += os.read(terminal, 1024)
        os.write(terminal, password.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def export(project):
    """Runs the command of the guide."""
    if not GUIDE.is_file():
        sys.exit(f"{GUIDE} is missing: it holds the command that exports users")
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    commands = [block for block in blocks if "manage.py shell" in block]
    if len(commands) != 1:
        sys.exit(f"{GUIDE} has {len(commands)} blocks with `manage.py shell`, not one: which one exports users?")
    (command,) = commands
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["sh", "-euc", command], cwd=project, check=True, env={**os.environ, "PATH": path})
    return (pathlib.Path(project) / "users.csv").read_bytes()


def start(project):
    """A new project whose passwords are hashed quickly."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "site_of_users", project], check=True)
    (pathlib.Path(project) / "quick.py").write_text(QUICK)


def configure(project, line):
    with (pathlib.Path(project) / "site_of_users/settings.py").open("a") as settings:
        settings.write(line + "\n")


with tempfile.TemporaryDirectory() as project:
    start(project)
    manage(project, "migrate", "-v", "0")
    admin = {"DJANGO_SUPERUSER_PASSWORD": PASSWORDS["admin"]}
    manage(
        project, "createsuperuser", "--noinput", "--username", "admin", "--email", "admin@example.com",
        env={**os.environ, **admin},
    )
    configure(project, 'PASSWORD_HASHERS = ["quick.Quick"]')
    manage(project, "shell", "-v", "0", "-c", f"PASSWORDS = {PASSWORDS!r}\n{CREATE}")
    change_password(project, "changed", PASSWORDS["changed"])
    (HERE / "users.csv").write_bytes(export(project))

with tempfile.TemporaryDirectory() as project:
    start(project)
    manage(project, "startapp", "people")
    (pathlib.Path(project) / "people/models.py").write_text(MODEL_BY_EMAIL)
    configure(project, 'INSTALLED_APPS += ["people"]\nAUTH_USER_MODEL = "people.Person"')
    configure(project, 'PASSWORD_HASHERS = ["quick.Quick"]')
    manage(project, "makemigrations", "-v", "0", "people")
    manage(project, "migrate", "-v", "0")
    create = f"from people.models import Person\nPerson.objects.create_user('alice@example.com', {PASSWORD_BY_EMAIL!r})"
    manage(project, "shell", "-v", "0", "-c", create)
    (HERE / "users_by_email.csv").write_bytes(export(project))
(HERE / "passwords.json").write_text(json.dumps(PASSWORDS, ensure_ascii=False, indent=4) + "\n")
