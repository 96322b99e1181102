from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0011_error_limit'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='turn',
            options={'ordering': ['-accepted_at'], 'permissions': [('view_ladder', 'Can see the ladder of rungs'), ('operate_ladder', 'Can open and close the breakers of rungs')], 'verbose_name': 'turn', 'verbose_name_plural': 'turns'},
        ),
    ]
